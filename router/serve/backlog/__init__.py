"""Whole backlogs over gRPC: where files may lie, the calls, and the process that a run has to itself."""
