"""How route objects of a base change hands: the edits of the files that their old owner applies."""
