"""Tables as files: which they are, how each cell is read, what is wrong with them; and files that appear whole or not."""
