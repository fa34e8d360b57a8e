#!/usr/bin/env python3
# Copyright: Cartable contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Vérifie un dossier de réversibilité Cartable, sans réseau et sans rien installer.

Il faut Python 3.8 ou plus récent, et ssh-keygen (fourni avec Windows 10 et 11, macOS et Linux).

    python3 -I verifier.py --empreinte SHA256:...        l'empreinte qui figure sur la fiche papier
    python3 -I verifier.py --signataires FICHIER         un fichier « allowed_signers » de confiance
    python3 -I verifier.py                               intégrité seule : le signataire n'est pas contrôlé

Sous Windows : py -I verifier.py. L'option -I empêche Python de charger quoi que ce soit de ce dossier.

Code de sortie : 0 dossier intact et signataire contrôlé ; 1 dossier refusé ; 2 vérification impossible ;
3 dossier intact mais signataire non contrôlé.

Ce fichier ne peut pas se vérifier lui-même : s'il a été remplacé, son avis ne vaut rien. Dans le doute,
prenez un exemplaire d'une autre source, ou « reversibility verify », qui contrôle aussi ce fichier.
"""

# ruff: noqa: PTH100, PTH112, PTH118, PTH119, PTH120, PTH123
# os.path plutôt que pathlib : deux fois plus rapide sur 250 000 fichiers.
# Un seul fichier, la bibliothèque standard, Python 3.8. Il ne partage aucun code avec
# « reversibility verify », afin que deux programmes distincts disent la même chose du même dossier.

import sys

# Python cherche d'abord les modules à côté de ce fichier : un « hashlib.py » ajouté au dossier serait exécuté
# avant d'être signalé. Rien n'est donc importé avant que cet endroit soit retiré, pas même « __future__ »
# (d'où les annotations entre guillemets). Avec -I, il n'y est pas.
if __name__ == "__main__" and not (sys.flags.isolated or getattr(sys.flags, "safe_path", False)):
    sys.path[:] = [endroit for endroit in sys.path[1:] if endroit not in ("", ".", sys.path[0])]

import argparse
import base64
import hashlib
import os
import re
import subprocess
import unicodedata
from concurrent.futures import ThreadPoolExecutor

ESPACE_DE_NOMS = "cartable-bundle"
SOMMES = ("sha256", "sha512")
LONGUEUR = {"sha256": 64, "sha512": 128}
HORS_LISTE = {f"tagmanifest-{nom}.txt{fin}" for nom in SOMMES for fin in ("", ".sig")}
OBLIGATOIRES = {"bagit.txt", "bag-info.txt", "LISEZ-MOI.txt", "verifier.py", "allowed_signers"} | {
    f"manifest-{nom}.txt" for nom in SOMMES
}
MORCEAU = 1 << 20
FAUSSE = "signature fausse"
LOT = 4096  # tâches confiées à la fois aux fils d'exécution
GROS = 48 << 10  # en dessous, un fil d'exécution coûte plus qu'il ne rapporte
INTERDITS = re.compile('[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff"*:<>?\\\\|%$]')
RESERVES = re.compile(r"(?i)^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)")


class Impossible(Exception):
    """La vérification ne peut pas avoir lieu."""


def lister(racine: str) -> "tuple[dict[str, int], list[tuple[str, str]]]":
    """Donne les fichiers (chemin, taille en octets) et ce qui n'a rien à faire dans un dossier."""
    fichiers, ecarts, attente = {}, [], [""]
    while attente:
        dossier = attente.pop()
        entrees = list(os.scandir(os.path.join(racine, dossier) if dossier else racine))
        if not entrees and dossier:
            ecarts.append((dossier, "dossier vide qui ne fait pas partie de l'original"))
        for entree in entrees:
            chemin = dossier + "/" + entree.name if dossier else entree.name
            if entree.is_symlink():
                ecarts.append((chemin, "lien symbolique, refusé"))
            elif entree.is_dir(follow_symlinks=False):
                attente.append(chemin)
            elif entree.is_file(follow_symlinks=False):
                etat = entree.stat(follow_symlinks=False)
                if etat.st_mode & 0o6000:
                    ecarts.append(
                        (chemin, "s'exécuterait avec les droits d'un autre (setuid ou setgid), refusé")
                    )
                else:
                    fichiers[chemin] = etat.st_size
            else:
                ecarts.append((chemin, "fichier spécial, refusé"))
    return fichiers, ecarts


def nom_refuse(chemin: str) -> bool:
    """Un chemin qui sort du dossier, ou que tous les systèmes n'écrivent pas de la même façon."""
    if INTERDITS.search(chemin):
        return True
    return any(
        part in ("", ".", "..") or part != part.strip().rstrip(".") or RESERVES.match(part)
        for part in chemin.split("/")
    )


# Les manifestes et l'étiquette tels qu'ils ont été lus : c'est sur ces octets que les empreintes sont calculées et que
# la signature est contrôlée, et non sur un fichier que l'on aurait pu remplacer entre-temps.
LUS: "dict[str, bytes]" = {}


def lire(chemin: str) -> bytes:
    """Lit un fichier une seule fois."""
    with open(chemin, "rb") as fichier:
        LUS[chemin] = fichier.read()
    return LUS[chemin]


def lire_manifeste(racine: str, nom: str, somme: str, ecarts: "list[tuple[str, str]]") -> "dict[str, str]":
    """Lit un manifeste : chemin et empreinte attendue."""
    attendus: dict[str, str] = {}
    brut = lire(os.path.join(racine, nom))
    try:
        texte = brut.decode("utf-8")
    except UnicodeDecodeError:
        ecarts.append((nom, "n'est pas du texte UTF-8"))
        return attendus
    if texte and not texte.endswith("\n"):
        ecarts.append((nom, "dernière ligne incomplète"))
    lignes = (texte[:-1] if texte.endswith("\n") else texte).split("\n")
    for numero, ligne in enumerate(lignes, 1):
        coupure = LONGUEUR[somme]
        empreinte, milieu, chemin = ligne[:coupure], ligne[coupure : coupure + 2], ligne[coupure + 2 :]
        bien_formee = re.match("^[0-9a-f]+$", empreinte) and milieu == "  "
        du_contenu = chemin[:5] == "data/"
        if not bien_formee or not chemin:
            ecarts.append((nom, f"ligne {numero} incompréhensible"))
        elif nom_refuse(chemin) or chemin in HORS_LISTE or du_contenu != nom.startswith("manifest-"):
            ecarts.append((nom, f"ligne {numero}\u00a0: nom de fichier refusé ({chemin!r})"))
        elif chemin in attendus:
            ecarts.append((nom, f"ligne {numero}\u00a0: fichier cité deux fois"))
        else:
            attendus[chemin] = empreinte
    return attendus


def empreintes(chemin: str) -> "dict[str, str]":
    """Calcule les deux empreintes d'un fichier en une seule lecture."""
    if chemin in LUS:
        return {somme: hashlib.new(somme, LUS[chemin]).hexdigest() for somme in SOMMES}
    calculs = [(somme, hashlib.new(somme)) for somme in SOMMES]
    with open(chemin, "rb", buffering=0) as fichier:
        while True:
            morceau = fichier.read(MORCEAU)
            if not morceau:
                return {somme: calcul.hexdigest() for somme, calcul in calculs}
            for _, calcul in calculs:
                calcul.update(morceau)


def comparer(racine: str, disque: str, attendu: "dict[str, str]") -> "list[str]":
    """Compare un fichier à ce que les manifestes en disent."""
    trouve = empreintes(os.path.join(racine, disque))
    absents = [f"absent du manifeste {somme}" for somme in SOMMES if somme not in attendu]
    changes = [somme for somme in SOMMES if attendu.get(somme, trouve[somme]) != trouve[somme]]
    return absents + [f"modifié ({somme} différent)" for somme in changes]


def lire_tout(
    racine: str,
    fichiers: "dict[str, int]",
    a_lire: "dict[str, str]",
    attendus: "dict[str, dict[str, str]]",
    ecarts: "list[tuple[str, str]]",
) -> None:
    """Compare chaque fichier (chemin sur le disque -> chemin cité), les gros sur tous les cœurs."""

    def un(disque: str) -> "list[tuple[str, str]]":
        chemin = a_lire[disque]
        return [(chemin, probleme) for probleme in comparer(racine, disque, attendus[chemin])]

    gros = sorted(
        (disque for disque in a_lire if fichiers[disque] >= GROS), key=lambda disque: -fichiers[disque]
    )
    with ThreadPoolExecutor(os.cpu_count() or 1) as fils:
        for debut in range(0, len(gros), LOT):
            for trouves in fils.map(un, gros[debut : debut + LOT]):
                ecarts.extend(trouves)
    for disque in a_lire:
        if fichiers[disque] < GROS:
            ecarts.extend(un(disque))


def ssh_keygen(arguments: "list[str]", donnees: "str | None" = None) -> "tuple[int, str]":
    """Lance ssh-keygen ; donne son code de sortie et ce qu'il a dit."""
    try:
        commande = ["ssh-keygen", *arguments]
        octets = LUS[donnees] if donnees else b""
        fin = subprocess.run(
            commande, input=octets, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
    except FileNotFoundError:
        raise Impossible(
            "ssh-keygen est introuvable. Installez le client OpenSSH (Windows\u00a0: Paramètres, "
            "Fonctionnalités facultatives, Client OpenSSH)."
        ) from None
    return fin.returncode, fin.stdout.decode("utf-8", "replace")


def forme_exacte(signature: str) -> bool:
    """Chaque octet du fichier de signature doit compter : OpenSSH en laisserait passer de superflus."""
    with open(signature, "rb") as fichier:
        brut = fichier.read()
    lignes = brut.decode("ascii", "replace").split("\n")
    try:
        corps = base64.b64decode("".join(lignes[1:-2]), validate=True)
    except ValueError:
        return False
    if reserve_non_vide(corps):
        return False
    texte = base64.b64encode(corps).decode("ascii")
    attendu = ["-----BEGIN SSH SIGNATURE-----"] + [texte[i : i + 70] for i in range(0, len(texte), 70)]
    return "\n".join([*attendu, "-----END SSH SIGNATURE-----", ""]).encode("ascii") == brut


def reserve_non_vide(corps: bytes) -> bool:
    """Dit si le champ « reserved » (PROTOCOL.sshsig), que rien ne signe, contient quelque chose ou manque."""
    place = 10  # « SSHSIG » et la version
    for _ in ("clé", "espace de noms", "reserved"):
        longueur = int.from_bytes(corps[place : place + 4], "big")
        place += 4 + longueur
        if place > len(corps):
            return True
    return longueur != 0


def signataire(manifeste: str, signature: str, listes: "list[str]") -> "tuple[str | None, str | None]":
    """Donne l'empreinte de la clé qui a signé, ou ce qui ne va pas."""
    if not forme_exacte(signature):
        return None, "n'est pas une signature SSH"
    base = ["-n", ESPACE_DE_NOMS, "-s", signature]
    code, sortie = ssh_keygen(["-Y", "check-novalidate", *base], manifeste)
    cle = re.search(r"SHA256:[A-Za-z0-9+/]{43}", sortie)
    if code != 0 or cle is None:
        return None, "{} ({})".format(FAUSSE, " ".join(sortie.split()))
    for liste in listes:
        code, sortie = ssh_keygen(["-Y", "find-principals", "-s", signature, "-f", liste])
        nom = sortie.splitlines()[0] if code == 0 and sortie.strip() else None
        if nom is not None:
            code, sortie = ssh_keygen(["-Y", "verify", "-f", liste, "-I", nom, *base], manifeste)
        if nom is None or code != 0:
            return cle.group(0), f"signée par une clé que {liste} n'admet pas\u00a0: mauvais signataire"
    return cle.group(0), None


def signatures(
    racine: str,
    fichiers: "dict[str, int]",
    ecarts: "list[tuple[str, str]]",
    liste: "str | None",
    empreinte: "str | None",
) -> "str | None":
    """Contrôle les deux signatures ; donne l'empreinte de la clé."""
    listes = [os.path.join(racine, "allowed_signers")] if "allowed_signers" in fichiers else []
    listes += [liste] if liste else []
    cles: set[str] = set()
    for somme in SOMMES:
        manifeste = f"tagmanifest-{somme}.txt"
        if manifeste not in fichiers or manifeste + ".sig" not in fichiers:
            continue
        chemin = os.path.join(racine, manifeste)
        cle, erreur = signataire(chemin, chemin + ".sig", listes)
        if erreur is None and empreinte is not None and cle != empreinte:
            erreur = f"signée par la clé {cle} et non par {empreinte}\u00a0: mauvais signataire"
        if erreur is not None:
            ecarts.append((manifeste + ".sig", erreur))
            if erreur.startswith(FAUSSE):
                ecarts.append((manifeste, "n'est pas ce qui a été signé, ou sa signature a été modifiée"))
        if cle is not None:
            cles.add(cle)
    if len(cles) > 1:
        ecarts.append(("tagmanifest-sha512.txt.sig", "les deux signatures ne sont pas de la même clé"))
    return cles.pop() if len(cles) == 1 else None


def nom_signe(racine: str) -> "str | None":
    """Donne le nom du dossier tel que l'étiquette le porte."""
    etiquette = LUS.get(os.path.join(racine, "bag-info.txt"), b"")
    trouve = re.search(b"^External-Identifier: ([!-~]+)$", etiquette, re.MULTILINE)
    return trouve.group(1).decode("ascii") if trouve else None


def comparer_nom(racine: str) -> "list[str]":
    """Un dossier plus ancien sous un nom récent : compare le nom du dossier à celui qui a été signé."""
    signe = nom_signe(racine)
    if signe is None:
        return ["ne dit pas de quel dossier il s'agit (External-Identifier)"]
    # Le nom donné peut être celui d'un lien.
    noms = sorted({os.path.basename(os.path.abspath(racine)), os.path.basename(os.path.realpath(racine))})
    return [
        f"du dossier {signe}, alors que celui-ci s'appelle {nom}"
        for nom in noms
        if nom.casefold().startswith("cartable-") and nom != signe
    ]


def verifier(
    racine: str, liste: "str | None" = None, empreinte: "str | None" = None
) -> "tuple[int, int, str | None, list[tuple[str, str]]]":
    """Vérifie tout : nombre de fichiers, octets, empreinte de la clé, et la liste de ce qui ne va pas."""
    LUS.clear()
    fichiers, ecarts = lister(racine)
    if "bag-info.txt" in fichiers:
        lire(os.path.join(racine, "bag-info.txt"))
    attendus: dict[str, dict[str, str]] = {}
    etiquettes: set[str] = set()
    for somme in SOMMES:
        for genre in ("tagmanifest", "manifest"):
            nom = f"{genre}-{somme}.txt"
            if nom not in fichiers:
                continue
            for chemin, valeur in lire_manifeste(racine, nom, somme, ecarts).items():
                attendus.setdefault(chemin, {})[somme] = valeur
                if genre == "tagmanifest":
                    etiquettes.add(chemin)
    irreguliers = {chemin for chemin, _ in ecarts}
    for nom in OBLIGATOIRES | HORS_LISTE:
        if nom not in fichiers and nom not in irreguliers:
            ecarts.append((nom, "manquant"))
        elif nom in OBLIGATOIRES and nom not in etiquettes and etiquettes:
            ecarts.append((nom, "absent des manifestes d'étiquettes"))
    semblables: dict[str, str] = {}
    formes: dict[str, list[str]] = {}
    for chemin in fichiers:
        formes.setdefault(unicodedata.normalize("NFC", chemin), []).append(chemin)
    a_lire = {}
    for chemin in attendus:
        cle = unicodedata.normalize("NFC", unicodedata.normalize("NFC", chemin).casefold())
        if semblables.setdefault(cle, chemin) != chemin:
            ecarts.append((chemin, f"même nom que {semblables[cle]} sous Windows ou macOS"))
        candidats = [chemin] if chemin in fichiers else formes.get(unicodedata.normalize("NFC", chemin), [])
        if len(candidats) == 1:
            a_lire[candidats[0]] = chemin
        elif chemin not in irreguliers and chemin not in OBLIGATOIRES:
            ecarts.append((chemin, "manquant"))
    for chemin in set(fichiers) - set(a_lire) - HORS_LISTE - OBLIGATOIRES:
        ecarts.append((chemin, "ajouté\u00a0: aucun manifeste ne le cite"))
    lire_tout(racine, fichiers, a_lire, attendus, ecarts)
    cle_du_signataire = signatures(racine, fichiers, ecarts, liste, empreinte)
    if "bag-info.txt" in fichiers:
        ecarts.extend(("bag-info.txt", probleme) for probleme in comparer_nom(racine))
    return len(fichiers), sum(fichiers.values()), cle_du_signataire, sorted(ecarts)


def imprimable(texte: str) -> str:
    """Le texte sur une ligne, où ce à quoi un terminal obéirait (échappement, saut de ligne) est écrit en clair."""
    refuses = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
    return "".join(
        c.encode("unicode_escape", "surrogatepass").decode("ascii")
        if unicodedata.category(c) in refuses
        else c
        for c in texte
    )


def principal(arguments: "list[str] | None" = None) -> int:
    """Ce que l'on tape."""
    for flux in (sys.stdout, sys.stderr):
        if hasattr(flux, "reconfigure"):
            flux.reconfigure(errors="backslashreplace")
    analyse = argparse.ArgumentParser(
        description="Vérifie un dossier de réversibilité Cartable, sans réseau.",
        epilog="Ce fichier ne se vérifie pas lui-même\u00a0: dans le doute, prenez-en un d'une autre source.",
    )
    ici = os.path.dirname(os.path.abspath(__file__)) if "__file__" in globals() else os.curdir
    analyse.add_argument("dossier", nargs="?", default=ici)
    analyse.add_argument("--empreinte", metavar="SHA256:...", help="empreinte de la clé, sur la fiche papier")
    analyse.add_argument("--signataires", metavar="FICHIER", help="fichier allowed_signers de confiance")
    options = analyse.parse_args(arguments)
    # Windows chercherait ssh-keygen d'abord dans le dossier courant, qui peut être celui à vérifier.
    os.environ["NoDefaultCurrentDirectoryInExePath"] = "1"  # noqa: SIM112 - le nom que Microsoft documente
    try:
        if not os.path.isdir(options.dossier):
            raise Impossible(f"{options.dossier} n'est pas un dossier.")
        if options.signataires:
            with open(options.signataires, "rb"):
                pass
        nombre, octets, cle, ecarts = verifier(options.dossier, options.signataires, options.empreinte)
    except Impossible as erreur:
        print(f"Vérification impossible\u00a0: {imprimable(str(erreur))}", file=sys.stderr)
        return 2
    except OSError as erreur:
        print(
            f"Vérification impossible\u00a0: {imprimable(str(erreur.filename))} ne se lit pas ({erreur.strerror}).",
            file=sys.stderr,
        )
        return 2
    print(f"Dossier\u00a0: {imprimable(os.path.basename(os.path.abspath(options.dossier)))}")
    print(f"Nom signé\u00a0: {imprimable(nom_signe(options.dossier) or 'aucun')}")
    print(f"Contenu\u00a0: {nombre} fichiers, {octets / 1e6:.1f} Mo")
    print(f"Clé du signataire\u00a0: {imprimable(cle or 'inconnue')}")
    for fichier, probleme in ecarts:
        print(f"REFUSÉ  {imprimable(fichier)}\u00a0: {imprimable(probleme)}")
    if ecarts:
        print(f"Résultat\u00a0: dossier REFUSÉ, {len(ecarts)} anomalie(s).")
        return 1
    if options.empreinte or options.signataires:
        print("Résultat\u00a0: dossier INTACT, signé par la clé attendue.")
        return 0
    print("Résultat\u00a0: dossier INTACT, mais le SIGNATAIRE N'A PAS ÉTÉ CONTRÔLÉ.")
    print("Comparez la clé ci-dessus avec l'empreinte de la fiche papier, ou donnez-la avec --empreinte.")
    return 3


if __name__ == "__main__":
    sys.exit(principal())
