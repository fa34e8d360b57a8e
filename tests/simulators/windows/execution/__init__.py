"""Execution of command lines on a simulated PC: Ansible's exec manifest, its modules, and raw scripts."""
