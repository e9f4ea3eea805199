"""Whole models for text, made of the blocks of `torcharc.module`; `torcharc.zoo.text` shows them all."""
