"""Reports to Pegbox from inside other libraries' training loops: one module a library, imported by
name.

Metrics keep the names that the library gives them. Each callback ends the training when Pegbox says
so.
"""
