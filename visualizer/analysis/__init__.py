"""Events to model: tracks, slices, switches, statistics, sentences. Pure and incremental; knows no terminal."""
