"""Readers with LEN-ADR-CMD frames and a CRC-16: UHFReader18 and UHFReader288 kinds, sold as Chafon, RRU, CF-… and others."""
