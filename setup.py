"""What pyproject.toml cannot say: packages come from three places, and `recipes/` is installed as `ip2p_recipes`."""

from setuptools import find_packages, setup

CORE = find_packages(".", include=["ip2p_cli", "ip2p_cli.*"])
PLUGINS = find_packages("plugins")

setup(
    packages=[*CORE, *PLUGINS, "ip2p_recipes"],
    package_dir={
        **{name: f"plugins/{name}" for name in PLUGINS if "." not in name},
        "ip2p_recipes": "recipes",
    },
)
