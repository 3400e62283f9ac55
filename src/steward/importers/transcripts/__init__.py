"""Transcripts of coding agents: their own records of sessions, read as they grow."""

from __future__ import annotations
