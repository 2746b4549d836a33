"""Places and traders (行政区划、经营者)."""
