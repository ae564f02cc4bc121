"""What a result was made with: versions and platform, nothing that names the machine."""

import platform
from importlib.metadata import PackageNotFoundError, version

_PACKAGES = ("mtlaws", "numpy", "scipy", "sympy", "scikit-learn", "matplotlib", "pandas", "pyarrow")


def environment() -> dict[str, str]:
    """Return the versions of Python and of the packages behind the numbers, and the kind of platform."""
    found = {"Python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed as a package"
    found["platform"] = f"{platform.system()} {platform.machine()}"
    return found
