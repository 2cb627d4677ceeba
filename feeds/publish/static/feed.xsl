<?xml version="1.0" encoding="UTF-8"?>
<!-- A feed as a page, for a person who opened it in a browser. One sheet for Atom and RSS. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:atom="http://www.w3.org/2005/Atom"
  exclude-result-prefixes="atom">
<xsl:output method="html" encoding="UTF-8" doctype-system="about:legacy-compat"/>

<xsl:variable name="language">
<xsl:choose>
<xsl:when test="/atom:feed/@xml:lang"><xsl:value-of select="/atom:feed/@xml:lang"/></xsl:when>
<xsl:otherwise><xsl:value-of select="/rss/channel/language"/></xsl:otherwise>
</xsl:choose>
</xsl:variable>
<xsl:variable name="ja" select="$language = 'ja'"/>

<xsl:template match="/atom:feed">
<xsl:call-template name="page">
<xsl:with-param name="title" select="atom:title"/>
<xsl:with-param name="address" select="atom:link[@rel='self']/@href"/>
<xsl:with-param name="home" select="atom:link[@rel='alternate']/@href"/>
<xsl:with-param name="older" select="atom:link[@rel='prev-archive']/@href"/>
<xsl:with-param name="entries" select="atom:entry"/>
</xsl:call-template>
</xsl:template>

<xsl:template match="/rss">
<xsl:call-template name="page">
<xsl:with-param name="title" select="channel/title"/>
<xsl:with-param name="address" select="channel/atom:link[@rel='self']/@href"/>
<xsl:with-param name="home" select="channel/link"/>
<xsl:with-param name="older" select="channel/atom:link[@rel='prev-archive']/@href"/>
<xsl:with-param name="entries" select="channel/item"/>
</xsl:call-template>
</xsl:template>

<xsl:template name="page">
<xsl:param name="title"/>
<xsl:param name="address"/>
<xsl:param name="home"/>
<xsl:param name="older"/>
<xsl:param name="entries"/>
<html lang="{$language}">
<head>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<title><xsl:value-of select="$title"/></title>
<link rel="stylesheet" href="/static/kaigi.css"/>
</head>
<body>
<header class="top"><a class="name" href="{$home}">会議 <span>Kaigi</span></a></header>
<main>
<h1><xsl:value-of select="$title"/></h1>
<p class="figures">
<xsl:choose>
<xsl:when test="$ja">これはフィードです。下のアドレスをフィードリーダーに登録すると、新しい会談が届きます。</xsl:when>
<xsl:otherwise>This is a feed. Copy its address into a feed reader, and new meetings come to you.</xsl:otherwise>
</xsl:choose>
</p>
<p><input class="copy" type="url" readonly="readonly" value="{$address}"/></p>
<xsl:apply-templates select="$entries"/>
<xsl:if test="$older"><p><a href="{$older}"><xsl:choose><xsl:when test="$ja">もっと古い記録</xsl:when><xsl:otherwise>Older entries</xsl:otherwise></xsl:choose></a></p></xsl:if>
</main>
</body>
</html>
</xsl:template>

<xsl:template match="atom:entry">
<article class="card">
<h3><xsl:choose>
<xsl:when test="atom:link[@rel='alternate']"><a href="{atom:link[@rel='alternate']/@href}"><xsl:value-of select="atom:title"/></a></xsl:when>
<xsl:otherwise><xsl:value-of select="atom:title"/></xsl:otherwise>
</xsl:choose></h3>
<xsl:call-template name="about"><xsl:with-param name="moment" select="atom:updated"/></xsl:call-template>
</article>
</xsl:template>

<xsl:template match="item">
<article class="card">
<h3><xsl:choose>
<xsl:when test="link"><a href="{link}"><xsl:value-of select="title"/></a></xsl:when>
<xsl:otherwise><xsl:value-of select="title"/></xsl:otherwise>
</xsl:choose></h3>
<xsl:call-template name="about"><xsl:with-param name="moment" select="atom:updated"/></xsl:call-template>
</article>
</xsl:template>

<!-- When it changed, and a link for each report. What strangers wrote is never taken for markup. -->
<xsl:template name="about">
<xsl:param name="moment"/>
<p class="detail"><time datetime="{$moment}"><xsl:value-of select="concat(substring($moment, 1, 10), ' ', substring($moment, 12, 5), ' UTC')"/></time></p>
<xsl:if test="atom:link[@rel='via']">
<ul class="sources">
<xsl:for-each select="atom:link[@rel='via']">
<li><a href="{@href}" rel="noopener noreferrer"><xsl:choose><xsl:when test="@title"><xsl:value-of select="@title"/></xsl:when><xsl:otherwise><xsl:value-of select="@href"/></xsl:otherwise></xsl:choose></a></li>
</xsl:for-each>
</ul>
</xsl:if>
</xsl:template>
</xsl:stylesheet>
