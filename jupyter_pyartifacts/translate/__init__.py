"""Archives to trees: wheels (PEP 427), read and checked without running anything of theirs."""
