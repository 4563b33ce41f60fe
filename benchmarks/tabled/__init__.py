"""Parts of `benchmarks.table`: what is trained, and the file of all that was."""
