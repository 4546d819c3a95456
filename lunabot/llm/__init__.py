"""The model: any OpenAI-compatible endpoint, or a small one of Luna's own."""
