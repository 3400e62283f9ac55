"""OTLP over HTTP: telemetry of coding agents and of anything else that speaks OpenTelemetry."""

from __future__ import annotations

from steward.surfaces.otlp.routes import mount

__all__ = ["mount"]
