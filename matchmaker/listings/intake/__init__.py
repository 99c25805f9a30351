"""Files with many entries, brought in on the web: read, shown, and made drafts of, all by the worker."""
