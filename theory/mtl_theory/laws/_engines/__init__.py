from mtl_theory.laws._engines._engine import Budget, Engine, EngineUnavailable

__all__ = ["Budget", "Engine", "EngineUnavailable"]
