"""Where images come from, how they are split, batched and transformed.

``sources.open_data`` is the door: it gives an ``ImageSet`` for 'builtin', 'cifar10' or a path.
"""
