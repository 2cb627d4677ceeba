"""Understanding news: collect, understand, decide, publish. May import storage, never bot or telegram."""
