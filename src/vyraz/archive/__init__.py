"""Archives: thousands of recordings, one result file each, resumable."""
