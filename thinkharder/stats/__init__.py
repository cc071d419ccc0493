"""Statistics of sampling: pure functions on numpy arrays, without pools, files or models.

`passk` (pass@k, coverage), `voting` (maj@k), `weighted` (weighted maj@k), `best` (best@k), `intervals` (the front door
`mean_interval`), `proportions`, `bootstrap`, `paired`, `multiple`, `compare`, `calibration`, `selective`, `decomposition`,
and `scaling/` for laws and forecasts. What is undefined is NaN; what cannot be meant raises. docs/statistics.md says
which rule holds where.
"""
