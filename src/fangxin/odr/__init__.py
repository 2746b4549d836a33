"""Online dispute resolution (在线纠纷解决): enterprises settle with consumers before the bureau steps in."""
