"""What every tracer records with: the buffer, the stream to the file, values, ids, processes."""
