"""The knowledge base (知识库): short answers to usual questions, with their articles."""
