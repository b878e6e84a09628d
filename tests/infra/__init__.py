"""Tests of staging and of the build."""
