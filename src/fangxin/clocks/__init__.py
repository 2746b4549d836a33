"""Legal and local periods (时限): rules as data, running clocks, the sweep."""
