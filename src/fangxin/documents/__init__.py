"""Official documents (文书): the ten forms, their numbers, their delivery with proof."""
