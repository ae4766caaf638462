"""A person's labels made into a trained, judged and kept model.

`train`: the whole way; `judging`: how good; `model_store`, `card`, `model_differences`: models that are there.
"""
