"""The paper's tables and figures on real models and data sets, as far as data are given."""
