"""The short French plain-text files of a bundle, readable without any other program."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from reversibility.bundle import layout
from reversibility.bundle.findings import french

N = "\u00a0"  # no-break space
F = "\u202f"  # narrow no-break space: before a semicolon

OPEN = "reversibility open DOSSIER --fingerprint SHA256:… --identity CLE-A --identity CLE-B"

SSH_KEY = f"""\
LA CLÉ SSH DES EXPLOITANTS
L’entrée «{N}cartable/operator-ssh{N}» du coffre contient, en pièces jointes, la clé SSH avec laquelle les machines
sont exploitées{N}: operator_ed25519 (privée) et operator_ed25519.pub (publique). Avec le logiciel Cartable{N}:
       {OPEN} --operator-key operator_ed25519
Enregistrée à la main depuis KeePassXC, elle doit n’être lisible que de vous{N}:
       chmod 600 operator_ed25519
"""
NO_SSH_KEY = f"""\
LA CLÉ SSH DES EXPLOITANTS
Elle n’est pas dans ce coffre{N}: ceux qui ont établi ce dossier ne l’avaient pas, ou ne pouvaient pas la remettre
(voir 00-lisez-moi/anomalies.txt). Il faut faire autoriser une clé sur chaque machine.
"""


def empty_folder(reason: str) -> str:
    """The note for an empty folder of the bundle."""
    return (
        f"Ce dossier est vide{N}: {reason} à la date de la remise.\n"
        f"L’état d’avancement de chaque obligation est dans completude.html.\n"
    )


def readme(market: str, title: str, moment: datetime, fingerprint: str, bundle: str) -> str:
    """``LISEZ-MOI.txt``, at the root: where to start and how to verify."""
    return f"""\
DOSSIER DE RÉVERSIBILITÉ
{title} ({market})
Établi le {moment:%d/%m/%Y} à {moment:%H:%M} (UTC)

Pour commencer{N}: ouvrez data/00-lisez-moi/lisez-moi.html (ou lisez-moi.pdf).

VÉRIFIER CE DOSSIER
1. Prenez la fiche papier de la commune, sur laquelle figure l’empreinte de la clé de signature.
2. Ouvrez un terminal dans le dossier qui contient celui-ci et tapez{N}:
       python3 -I {bundle}/verifier.py --empreinte SHA256:…
   (sous Windows{N}: py -I {bundle}\\verifier.py --empreinte SHA256:…)
   L’option -I compte{N}: avec elle, Python ne charge rien de ce que l’on aurait ajouté à ce dossier.
3. Le programme répond «{N}INTACT{N}», ou nomme chaque fichier modifié, ajouté ou manquant.

Clé annoncée par ce dossier{N}: {fingerprint}
Ce dossier ne peut pas prouver lui-même qui l’a signé{N}: seule l’empreinte de la fiche papier le peut.
De même, verifier.py ne peut pas se vérifier lui-même. Dans le doute, prenez un exemplaire de ce programme
d’une autre source, ou utilisez «{N}reversibility verify{N}», qui contrôle aussi verifier.py.

N’ajoutez, ne renommez et ne modifiez rien dans ce dossier{N}: travaillez sur une copie.
"""


def opening(
    market: str, holders_a: Sequence[str], holders_b: Sequence[str], *, operator_key: bool = False
) -> str:
    """``OUVRIR.txt``: how anybody opens the vault with age and KeePassXC alone."""
    ssh = SSH_KEY if operator_key else NO_SSH_KEY
    return f"""\
OUVRIR LE COFFRE DE MOTS DE PASSE ({market})

Le coffre (vault.kdbx) contient tous les mots de passe et codes d’accès. Il s’ouvre avec deux moitiés{N}:
  - une phrase de passe, remise chiffrée à chaque détenteur du groupe A (dossier {layout.HALF_A}){F};
  - un fichier-clé, remis chiffré à chaque détenteur du groupe B (dossier {layout.HALF_B}).
Il faut UN détenteur du groupe A et UN détenteur du groupe B. Aucun des deux groupes ne peut ouvrir seul.

Groupe A{N}: {", ".join(holders_a)}
Groupe B{N}: {", ".join(holders_b)}
(le fichier et la clé publique de chacun sont indiqués dans {layout.HOLDERS_FILE})

IL FAUT
  - age (https://age-encryption.org), présent dans Debian, Ubuntu, Homebrew, winget et Chocolatey{F};
  - KeePassXC (https://keepassxc.org).

1. Détenteur du groupe A, avec sa clé privée{N}:
       age -d -i MA-CLE {layout.HALF_A}/MON-FICHIER.age
   La phrase de passe s’affiche. Ne l’enregistrez pas.
2. Détenteur du groupe B, avec sa clé privée{N}:
       age -d -i MA-CLE -o ../../../cle.keyx {layout.HALF_B}/MON-FICHIER.age
3. Dans KeePassXC{N}: ouvrir vault.kdbx{F}; saisir la phrase de passe{F}; cliquer sur
   «{N}J’ai un fichier clé{N}» et choisir cle.keyx{F}; déverrouiller. En ligne de commande, la phrase est demandée{N}:
       keepassxc-cli ls -R -k ../../../cle.keyx vault.kdbx
   Le fichier-clé est écrit à côté du dossier remis, qui ne s’ouvre plus s’il a changé.
4. Effacez cle.keyx quand le coffre est refermé.

Un détenteur sans clé a reçu une phrase imprimée, sous enveloppe{N}: il omet «{N}-i MA-CLE{N}», et age la
lui demande.

Avec le logiciel Cartable, une seule commande fait le tout{N}:
       {OPEN} -o vault.kdbx

LES CONFIGURATIONS CHIFFRÉES (config.age)
L’entrée «{N}cartable/age-identity{N}» du coffre contient l’identité age qui déchiffre tous les fichiers
config.age{N}:
       age -d -i IDENTITE config.age | tar -tzv

{ssh}"""


REQUIREMENTS = (
    "# Paquets Python installés lors de la remise, à version fixée\u00a0: pip install -r requirements.txt\n"
    "# Le paquet «\u00a0cartable\u00a0» lui-même est dans le dépôt remis.\n"
)


def installation() -> str:
    """``INSTALLER.txt``: where the one procedure is, and what lies beside."""
    return f"""\
REPRENDRE L’AUTOMATISATION

La marche à suivre est dans ../00-lisez-moi/lisez-moi.html (ou .pdf), partie 4. N’installez rien dans ce dossier{N}:
toute modification, même d’un octet, serait signalée à la vérification.

Ici{N}: le projet (depot.bundle, un dépôt Git, ou depot.tar.gz), l’inventaire du marché tel qu’il était lors de la
remise (marche), les paquets Python à version fixée (requirements.txt), les versions de Python, Git et OpenSSH
(versions.json) et, s’il est là, known_hosts{N}: les clés SSH des machines elles-mêmes, qui sont publiques. S’il est là,
known_certificates donne les empreintes des certificats des postes Windows.
"""


def findings(lines: Sequence[str]) -> str:
    """``anomalies.txt``: the findings of the build."""
    if not lines:
        return (
            "L’établissement de ce dossier n’a rencontré aucune anomalie technique.\n"
            "Ce n’est pas dire qu’il est complet : ce qui manque au regard du contrat est dans completude.html.\n"
        ).replace(" :", f"{N}:")
    told = dict.fromkeys(french(line) for line in lines)  # several may be one for the reader
    return f"Anomalies constatées lors de l’établissement de ce dossier{N}:\n\n" + "".join(
        f"- {line}\n" for line in told
    )
