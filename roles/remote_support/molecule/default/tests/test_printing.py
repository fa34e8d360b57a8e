"""What the role printing leaves, after a first run, a drift and a repair: asked of CUPS itself."""


def ask(host, command):
    return host.check_output(f"LC_ALL=C.UTF-8 {command}")


def test_the_queue_leads_to_the_copier_of_the_inventory(host):
    assert "device for CO990001: socket://203.0.113.99:9100" in ask(host, "lpstat -v")
    described = ask(host, "lpstat -l -p CO990001")
    assert "Location: Atelier" in described
    assert "Description: Exemple Copieur d'école" in described


def test_it_prints_on_two_sides_and_in_black_unless_asked_otherwise(host):
    options = ask(host, "lpoptions -p CO990001").split()
    assert "sides=two-sided-long-edge" in options
    assert "print-color-mode=monochrome" in options


def test_it_takes_prints(host):
    assert "disabled" not in ask(host, "lpstat -p CO990001")
    assert "accepting requests" in ask(host, "lpstat -a CO990001")


def test_the_queue_of_somebody_else_is_left_alone(host):
    assert "device for perso" in ask(host, "lpstat -v")
