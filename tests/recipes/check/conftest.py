"""The check asks the same teacher on the same Hub as the generator."""

from tests.recipes.generate.conftest import counting_teacher, hub, jobs, recipe

__all__ = ["counting_teacher", "hub", "jobs", "recipe"]
