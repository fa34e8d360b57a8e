"""Localized names of Windows, by well-known SID or GUID, in English and French.

Origin of the French names: windows_recorded/derived/fr_names.json (a real French PC's groups and accounts; update
categories from WAPT's sources) except the rows marked [K]: common knowledge that no recording confirms.
"""

from __future__ import annotations

LANGUAGES = {"en-US": 0, "fr-FR": 1}

GROUPS = {
    "S-1-5-32-544": ("Administrators", "Administrateurs"),
    "S-1-5-32-545": ("Users", "Utilisateurs"),
    "S-1-5-32-546": ("Guests", "Invités"),
    "S-1-5-32-547": ("Power Users", "Utilisateurs avec pouvoir"),
    "S-1-5-32-551": ("Backup Operators", "Opérateurs de sauvegarde"),
    "S-1-5-32-552": ("Replicator", "Duplicateurs"),
    "S-1-5-32-555": ("Remote Desktop Users", "Utilisateurs du Bureau à distance"),
    "S-1-5-32-556": ("Network Configuration Operators", "Opérateurs de configuration réseau"),
    "S-1-5-32-558": ("Performance Monitor Users", "Utilisateurs de l’Analyseur de performances"),
    "S-1-5-32-559": ("Performance Log Users", "Utilisateurs du journal de performances"),
    "S-1-5-32-562": ("Distributed COM Users", "Utilisateurs du modèle COM distribué"),
    "S-1-5-32-568": ("IIS_IUSRS", "IIS_IUSRS"),
    "S-1-5-32-569": ("Cryptographic Operators", "Opérateurs de chiffrement"),
    "S-1-5-32-573": ("Event Log Readers", "Lecteurs des journaux d’événements"),
    "S-1-5-32-578": ("Hyper-V Administrators", "Administrateurs Hyper-V"),
    "S-1-5-32-579": ("Access Control Assistance Operators", "Opérateurs d'assistance de contrôle d'accès"),
    "S-1-5-32-580": ("Remote Management Users", "Utilisateurs de gestion à distance"),
}

ACCOUNTS = {  # by RID
    500: ("Administrator", "Administrateur"),
    501: ("Guest", "Invité"),
    503: ("DefaultAccount", "DefaultAccount"),
    504: ("WDAGUtilityAccount", "WDAGUtilityAccount"),
}

PRINCIPALS = {  # [K], except that "Everyone" is "Tout le monde" in French
    "S-1-1-0": ("Everyone", "Tout le monde"),
    "S-1-3-0": ("CREATOR OWNER", "CREATEUR PROPRIETAIRE"),
    "S-1-5-2": ("NT AUTHORITY\\NETWORK", "AUTORITE NT\\RESEAU"),
    "S-1-5-4": ("NT AUTHORITY\\INTERACTIVE", "AUTORITE NT\\INTERACTIF"),
    "S-1-5-7": ("NT AUTHORITY\\ANONYMOUS LOGON", "AUTORITE NT\\ANONYMOUS LOGON"),
    "S-1-5-11": ("NT AUTHORITY\\Authenticated Users", "AUTORITE NT\\Utilisateurs authentifiés"),
    "S-1-5-18": ("NT AUTHORITY\\SYSTEM", "AUTORITE NT\\Système"),
    "S-1-5-19": ("NT AUTHORITY\\LOCAL SERVICE", "AUTORITE NT\\SERVICE LOCAL"),
    "S-1-5-20": ("NT AUTHORITY\\NETWORK SERVICE", "AUTORITE NT\\SERVICE RÉSEAU"),
    "S-1-5-113": ("NT AUTHORITY\\Local account", "AUTORITE NT\\Compte local"),
    "S-1-5-114": (
        "NT AUTHORITY\\Local account and member of Administrators group",
        "AUTORITE NT\\Compte local et membre du groupe Administrateurs",
    ),
    "S-1-5-32-544": ("BUILTIN\\Administrators", "BUILTIN\\Administrateurs"),
}

UPDATE_CATEGORIES = {
    "28bc880e-0592-4cbf-8f95-c79b17911d5f": ("Update Rollups", "Ensemble de mises à jour"),
    "e6cf1350-c01b-414d-a61f-263d14d133b4": ("Critical Updates", "Mises à jour critiques"),
    "0fa1201d-4330-4fa8-8ae9-b877473b6441": ("Security Updates", "Mises à jour de la sécurité"),
    "cd5ffd1e-e932-4e3a-bf74-18bf0b1bbd83": ("Updates", "Mises à jour"),
    "e0789628-ce08-4437-be74-2495b842f43b": ("Definition Updates", "Mises à jour de définitions"),
    "b4832bd8-e735-4761-8daf-37f882276dab": ("Tools", "Outils"),
    "ebfc1fc5-71a4-4f7b-9aca-3b9a503104a0": ("Drivers", "Pilotes"),
    "b54e7d24-7add-428f-8b75-90a396fa584f": ("Feature Packs", "Feature Packs"),  # no French text found
    "68c5b0a3-d1a6-4553-ae49-01d3a7827828": ("Service Packs", "Service Packs"),  # no French text found
    "3689bdc8-b205-4af4-8d4a-a63924c5e9d5": ("Upgrades", "Mises à niveau"),  # [K]
}

EDITIONS = {  # EditionID -> (en, fr, Win32_OperatingSystem.OperatingSystemSKU)
    "Core": ("Home", "Famille", 101),
    "Professional": ("Pro", "Professionnel", 48),
    "ProfessionalEducation": ("Pro Education", "Professionnel Éducation", 164),
    "Education": ("Education", "Éducation", 121),
    "Enterprise": ("Enterprise", "Entreprise", 4),
    "ServerStandard": ("Standard", "Standard", 7),
}

POWER_PLANS = {  # [K]
    "381b4222-f694-41f0-9685-ff5bb260df2e": ("Balanced", "Utilisation normale"),
    "8c5e7fda-e8bf-4a96-9a85-a6e23a8c635c": ("High performance", "Performances élevées"),
    "a1841308-3541-4fab-bc81-f71556f20b4a": ("Power saver", "Économie d’énergie"),
}

# Messages of the system (Win32 error codes) that modules pass on. French texts: [K].
MESSAGES = {
    5: ("Access is denied", "Accès refusé"),
    112: ("There is not enough space on the disk", "Espace insuffisant sur le disque"),
    2: ("The system cannot find the file specified", "Le fichier spécifié est introuvable"),
    1326: ("The user name or password is incorrect", "Le nom d’utilisateur ou le mot de passe est incorrect"),
    1331: ("This user can't sign in because this account is currently disabled",
           "Cet utilisateur ne peut pas se connecter car son compte est actuellement désactivé"),
    1909: ("The referenced account is currently locked out and may not be logged on to",
           "Le compte référencé est actuellement verrouillé et ne permet pas l’ouverture d’une session"),
}  # fmt: skip


def localized(row: tuple[str, ...] | tuple[str, str, int], language: str) -> str:
    """The text of a row in a language of Windows; English for a language that the simulator does not have."""
    return str(row[LANGUAGES.get(language, 0)])


def message(code: int, language: str) -> str:
    """Text of a Win32 error."""
    return localized(MESSAGES[code], language)
