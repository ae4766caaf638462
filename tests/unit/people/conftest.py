"""The similarity of planted embeddings is their cosine."""

from tests.tables import similarity_is_cosine as similarity_is_cosine
