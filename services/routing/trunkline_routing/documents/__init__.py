"""The configuration documents that routing keeps: their fields, ranges and meaning."""
