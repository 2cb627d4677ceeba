# ruff: noqa: E501  the documents keep the lines in which they are served
"""Feeds in the shapes in which newsrooms really serve them, with words of our own: what the fast reader must accept.

Each is what a widespread program writes, with its namespaces, its attributes and its small habits.
"""

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'

WORDPRESS = (
    _HEAD
    + """<rss version="2.0"
	xmlns:content="http://purl.org/rss/1.0/modules/content/"
	xmlns:wfw="http://wellformedweb.org/CommentAPI/"
	xmlns:dc="http://purl.org/dc/elements/1.1/"
	xmlns:atom="http://www.w3.org/2005/Atom"
	xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"
	xmlns:slash="http://purl.org/rss/1.0/modules/slash/"
	xmlns:georss="http://www.georss.org/georss" xmlns:geo="http://www.w3.org/2003/01/geo/wgs84_pos#"
	xmlns:media="http://search.yahoo.com/mrss/" >
<channel>
	<title>Harbour &#8211; Newsroom</title>
	<atom:link href="https://harbour.example/feed/" rel="self" type="application/rss+xml" />
	<link>https://harbour.example</link>
	<description>Just in</description>
	<lastBuildDate>Wed, 19 Nov 2025 08:12:00 +0000</lastBuildDate>
	<language>en-GB</language>
	<sy:updatePeriod>
	hourly	</sy:updatePeriod>
	<sy:updateFrequency>
	1	</sy:updateFrequency>
	<generator>https://wordpress.org/?v=6.8</generator>
<image>
	<url>https://harbour.example/icon.png</url>
	<title>Harbour</title>
	<link>https://harbour.example</link>
	<width>32</width>
	<height>32</height>
</image>
<site xmlns="com-wordpress:feed-additions:1">123</site>
	<item>
		<title>Ministers &#038; staff meet</title>
		<link>https://harbour.example/2025/11/meet/</link>
		<comments>https://harbour.example/2025/11/meet/#respond</comments>
		<dc:creator><![CDATA[Press Desk]]></dc:creator>
		<pubDate>Wed, 19 Nov 2025 08:00:00 +0000</pubDate>
		<category><![CDATA[Defence]]></category>
		<category><![CDATA[R&amp;D]]></category>
		<guid isPermaLink="false">https://harbour.example/?p=41</guid>
		<description><![CDATA[<p>They met. [&#8230;]</p>
]]></description>
		<content:encoded><![CDATA[<p>They met on the quay.</p><!--more--><p>They agreed.</p>]]></content:encoded>
		<wfw:commentRss>https://harbour.example/2025/11/meet/feed/</wfw:commentRss>
		<slash:comments>0</slash:comments>
		<media:thumbnail url="https://harbour.example/t.jpg" />
		<media:content url="https://harbour.example/t.jpg" medium="image">
			<media:title type="html">A quay</media:title>
		</media:content>
	</item>
	</channel>
</rss>
"""
)

GOOGLE_NEWS = _HEAD.strip() + (
    '<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"><channel><generator>NFE/5.0</generator>'
    '<title>"防衛相会談" - Google ニュース</title><link>https://news.google.com/search?q=x&amp;hl=ja&amp;gl=JP</link>'
    "<language>ja</language><webMaster>news-webmaster@google.com</webMaster><copyright>Copyright</copyright>"
    "<lastBuildDate>Wed, 19 Nov 2025 08:12:00 GMT</lastBuildDate><description>Google ニュース</description>"
    "<item><title>日豪防衛相が会談 - 港新聞</title>"
    "<link>https://news.google.com/rss/articles/CBMiW0FVX3lxTE1hYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5eg?oc=5</link>"
    '<guid isPermaLink="false">CBMiW0FVX3lxTE1hYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5eg</guid>'
    "<pubDate>Wed, 19 Nov 2025 07:30:00 GMT</pubDate>"
    '<description>&lt;a href="https://news.google.com/rss/articles/CBMiW0" target="_blank"&gt;日豪防衛相が会談&lt;/a&gt;'
    '&amp;nbsp;&amp;nbsp;&lt;font color="#6f6f6f"&gt;港新聞&lt;/font&gt;</description>'
    '<source url="https://minato.example">港新聞</source></item></channel></rss>'
)

RSS_1 = (
    _HEAD
    + """<rdf:RDF
 xmlns="http://purl.org/rss/1.0/"
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
 xmlns:content="http://purl.org/rss/1.0/modules/content/"
 xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:hatena="http://www.hatena.ne.jp/info/xmlns#"
 xmlns:taxo="http://purl.org/rss/1.0/modules/taxonomy/"
 xml:lang="ja">
  <channel rdf:about="https://b.example/">
    <title>新着の話題</title>
    <link>https://b.example/</link>
    <description>人気の記事</description>
    <items><rdf:Seq><rdf:li rdf:resource="https://news.example.jp/a1"/></rdf:Seq></items>
  </channel>
  <item rdf:about="https://news.example.jp/a1">
    <title>防衛相、比国防相と会談へ</title>
    <link>https://news.example.jp/a1</link>
    <description>マニラで会談する。</description>
    <content:encoded><![CDATA[<blockquote cite="https://news.example.jp/a1"><p>会談する。</p></blockquote>]]></content:encoded>
    <dc:date>2025-11-19T09:30:00Z</dc:date>
    <dc:subject>政治</dc:subject>
    <taxo:topics><rdf:Bag><rdf:li resource="https://b.example/t"/></rdf:Bag></taxo:topics>
    <hatena:bookmarkcount>12</hatena:bookmarkcount>
  </item>
</rdf:RDF>
"""
)

GOVERNMENT_ATOM = (
    _HEAD
    + """<feed xml:lang="en-GB" xmlns="http://www.w3.org/2005/Atom">
  <id>https://www.gov.example/search/news.atom</id>
  <link rel="alternate" type="text/html" href="https://www.gov.example/search/news"/>
  <link rel="self" type="application/atom+xml" href="https://www.gov.example/search/news.atom"/>
  <title>News and communications</title>
  <updated>2025-11-19T10:15:00+00:00</updated>
  <author><name>HM Government</name></author>
  <generator>Finder</generator>
  <entry>
    <id>https://www.gov.example/news/1#2025-11-19T10:15:00+00:00</id>
    <updated>2025-11-19T10:15:00+00:00</updated>
    <link rel="alternate" type="text/html" href="https://www.gov.example/news/1"/>
    <title>Defence Secretary meets his counterpart</title>
    <summary>They discussed &lt;em&gt;cooperation&lt;/em&gt; &amp;amp; training.</summary>
  </entry>
</feed>
"""
)

MINISTRY_RSS = (
    '<?xml version="1.0" encoding="utf-8" ?>\n'
    """<rss version="2.0" xmlns:ns2="http://purl.org/rss/1.0/modules/content/">
  <channel>
    <title>省庁 新着情報</title>
    <link>https://www.mod.example.jp</link>
    <description>新着情報のお知らせ</description>
    <language>ja</language>
    <copyright>Copyright</copyright>
    <docs>https://www.rssboard.org/rss-specification</docs>
    <lastBuildDate>Wed, 19 Nov 2025 18:00:00 +0900</lastBuildDate>
    <item>
      <title>日豪尼防衛相電話会談について</title>
      <link>https://www.mod.example.jp/j/press/news/2025/11/19b.html</link>
      <guid isPermaLink="true">https://www.mod.example.jp/j/press/news/2025/11/19b.html</guid>
      <description/>
      <category>報道資料</category>
      <pubDate>Wed, 19 Nov 2025 18:00:00 +0900</pubDate>
    </item>
    <item>
      <title>R&amp;D 契約</title>
      <link>/j/press/news/2025/11/18a.html</link>
      <guid>/j/press/news/2025/11/18a.html</guid>
      <description>お知らせ
      です。</description>
      <ns2:encoded><![CDATA[<p>本文</p>]]></ns2:encoded>
      <pubDate>2025年11月18日 10:31</pubDate>
    </item>
  </channel>
</rss>
"""
)

WORDPRESS_ATOM = (
    _HEAD
    + """<feed xmlns="http://www.w3.org/2005/Atom" xmlns:thr="http://purl.org/syndication/thread/1.0" xml:lang="ja">
	<title type="text">艦隊広報</title>
	<subtitle type="text">お知らせ</subtitle>
	<updated>2025-11-19T00:12:00Z</updated>
	<link rel="alternate" type="text/html" href="https://fleet.example.jp" />
	<id>https://fleet.example.jp/feed/atom/</id>
	<link rel="self" type="application/atom+xml" href="https://fleet.example.jp/feed/atom/" />
	<generator uri="https://wordpress.org/" version="6.8">WordPress</generator>
	<entry>
		<author><name>広報係</name><uri>https://fleet.example.jp</uri></author>
		<title type="html"><![CDATA[司令官が<b>表敬</b>]]></title>
		<link rel="alternate" type="text/html" href="https://fleet.example.jp/2025/11/19/a/" />
		<id>https://fleet.example.jp/?p=7</id>
		<updated>2025-11-19T00:10:00Z</updated>
		<published>2025-11-18T23:00:00Z</published>
		<category scheme="https://fleet.example.jp" term="行事" />
		<summary type="html"><![CDATA[表敬した。]]></summary>
		<content type="html" xml:base="https://fleet.example.jp/2025/11/19/a/"><![CDATA[<p>表敬した。</p><p>懇談した。</p>]]></content>
		<link rel="replies" type="text/html" href="https://fleet.example.jp/2025/11/19/a/#comments" thr:count="0" />
		<thr:total>0</thr:total>
	</entry>
</feed>
"""
)

DEPARTMENT_RSS = """<rss version="2.0" xmlns:a10="http://www.w3.org/2005/Atom"><channel><title>News Feed</title>
<link>https://www.war.example</link><description>Department news</description><language>en-us</language><ttl>60</ttl>
<lastBuildDate>Wed, 19 Nov 2025 20:00:00 GMT</lastBuildDate><a10:id>news</a10:id>
<item><guid isPermaLink="false">https://www.war.example/News/Article/4001/</guid>
<link>https://www.war.example/News/Article/4001/?utm_medium=feed</link><author>press@war.example (Press Operations)</author>
<category>Release</category><title>Readout of the Secretary's Call With Japan's Minister of Defense</title>
<description>The Secretary spoke with his counterpart&amp;nbsp;today.&lt;br /&gt;&lt;br /&gt;They agreed to meet.</description>
<pubDate>Wed, 19 Nov 2025 19:45:00 GMT</pubDate><a10:updated>2025-11-19T19:45:00Z</a10:updated>
<enclosure url="https://media.war.example/1.jpg" length="12" type="image/jpeg"/></item></channel></rss>"""

VIDEO_ATOM = (
    _HEAD
    + """<feed xmlns:yt="http://www.youtube.com/xml/schemas/2015" xmlns:media="http://search.yahoo.com/mrss/" xmlns="http://www.w3.org/2005/Atom">
 <link rel="self" href="http://www.youtube.com/feeds/videos.xml?channel_id=UCx"/>
 <id>yt:channel:x</id><yt:channelId>x</yt:channelId><title>Defence Channel</title>
 <link rel="alternate" href="https://www.youtube.com/channel/UCx"/>
 <author><name>Defence Channel</name><uri>https://www.youtube.com/channel/UCx</uri></author>
 <published>2012-01-01T00:00:00+00:00</published>
 <entry>
  <id>yt:video:abc</id><yt:videoId>abc</yt:videoId><yt:channelId>UCx</yt:channelId>
  <title>Ministers meet</title>
  <link rel="alternate" href="https://www.youtube.com/watch?v=abc"/>
  <author><name>Defence Channel</name><uri>https://www.youtube.com/channel/UCx</uri></author>
  <published>2025-11-19T09:00:12+00:00</published><updated>2025-11-19T10:00:00+00:00</updated>
  <media:group>
   <media:title>Ministers meet</media:title>
   <media:content url="https://www.youtube.com/v/abc?version=3" type="application/x-shockwave-flash" width="640" height="390"/>
   <media:thumbnail url="https://i1.ytimg.com/vi/abc/hqdefault.jpg" width="480" height="360"/>
   <media:description>The ministers met.

They spoke.</media:description>
   <media:community><media:starRating count="1" average="5.00" min="1" max="5"/><media:statistics views="9"/></media:community>
  </media:group>
 </entry>
</feed>
"""
)

PODCAST = (
    _HEAD
    + """<rss version="2.0" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" xmlns:podcast="https://podcastindex.org/namespace/1.0"
 xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>On Deck</title><link>https://deck.example</link>
<atom:link href="https://deck.example/feed" rel="self" type="application/rss+xml"/>
<description>Talk</description><itunes:summary>Talk about ships</itunes:summary><itunes:author>On Deck</itunes:author>
<itunes:owner><itunes:name>On Deck</itunes:name><itunes:email>deck@deck.example</itunes:email></itunes:owner>
<itunes:category text="Government"><itunes:category text="National"/></itunes:category>
<itunes:image href="https://deck.example/i.jpg"/><itunes:explicit>no</itunes:explicit><podcast:locked>yes</podcast:locked>
<item><title>Episode 1</title><itunes:title>Episode 1</itunes:title><description><![CDATA[<p>With an admiral.</p>]]></description>
<itunes:summary>With an admiral, at length.</itunes:summary><itunes:duration>12:00</itunes:duration><itunes:author>Anchor</itunes:author>
<itunes:keywords>navy, ships</itunes:keywords><guid isPermaLink="false">e1</guid>
<pubDate>Wed, 19 Nov 2025 05:00:00 -0500</pubDate><podcast:chapters url="https://deck.example/c.json" type="application/json"/>
<enclosure url="https://deck.example/1.mp3" length="1" type="audio/mpeg"/></item></channel></rss>
"""
)

SHAPES = {
    "WordPress RSS": WORDPRESS,
    "Google News": GOOGLE_NEWS,
    "RSS 1.0 of a bookmarking site": RSS_1,
    "a government's Atom": GOVERNMENT_ATOM,
    "a ministry's RSS": MINISTRY_RSS,
    "WordPress Atom": WORDPRESS_ATOM,
    "a department's RSS": DEPARTMENT_RSS,
    "videos in Atom": VIDEO_ATOM,
    "a podcast": PODCAST,
}
