"""Attachments (附件): sniffed, cleaned, sealed, kept by content hash, served apart."""
