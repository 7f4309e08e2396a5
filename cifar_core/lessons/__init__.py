"""The layers of the tutorial, computed by torch so that a page can show every number of them.

Pure functions: tensors in, plain dataclasses out. They know no page and no picture files.
"""
