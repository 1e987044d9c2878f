"""Two traces on one scale."""
