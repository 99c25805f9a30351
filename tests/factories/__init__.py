"""Makers of test data. They go through the services, so that every state is reached the way users reach it."""
