"""A person's labels made into a trained, judged and kept model.

`train`: the whole way; `judging`: how good; `model_store`, `card`, `comparison`: models that are there.
"""
