"""Resolving at a terminal: what does this image name now?"""
