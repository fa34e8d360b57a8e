"""What a command line does on a simulated PC: Ansible's exec manifest, its modules, and raw scripts."""
