"""Settings, addresses, base templates, command line."""
