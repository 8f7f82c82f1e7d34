"""What a person sees: windows, pages and their parts. Shows models, calls actions."""
