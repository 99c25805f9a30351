"""Technology transfer from posted to paid."""
