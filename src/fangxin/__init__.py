"""Fangxin (放心): the consumer-rights work platform of a city's market-supervision bureau."""

__version__ = "0.1.0"
