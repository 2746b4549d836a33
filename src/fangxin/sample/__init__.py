"""A generated sample city with true proportions (示例城市); never real data."""
