"""The version of this package, the same as Pegbox's."""

VERSION = "0.1.0"
