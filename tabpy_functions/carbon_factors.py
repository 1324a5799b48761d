"""Emission factors of electricity, average and location-based, with where each comes from.

Averages are for a footprint. Margins (what one kWh more or less changes) belong to "avoided by shifting" and must never
be mixed with them; India's are here under names of their own.
"""

GB_DEFRA = {2019: 0.25560, 2020: 0.23314, 2021: 0.21233, 2022: 0.19338, 2023: 0.207074, 2024: 0.20705, 2025: 0.17700}
"""United Kingdom by calendar year: DESNZ/DEFRA GHG conversion factors, generation without losses. [kg CO2e/kWh]"""

GB_UNVERIFIED = (2019, 2020, 2021, 2022, 2023)
"""Years of `GB_DEFRA` for which no published page was at hand to compare: check them before publishing."""

IN_CEA = {2020: 0.7026, 2021: 0.7152, 2022: 0.7191, 2023: 0.7270, 2024: 0.7117}
"""India by financial year, named by the year in which its April lies: CEA CO2 Baseline Database, weighted average with
renewables; 2023-24 as of edition V20, the others V21. CO2 only. [kg CO2/kWh]"""

IN_MARGINS = {"IN-OM": 0.9646, "IN-BM": 0.5119, "IN-CM": 0.7383}
"""India 2024-25, operating, build and combined margin: CEA V21. For avoided emissions only. [kg CO2/kWh]"""

US_EGRID = """
US-AKGD 0.410551 US-AKMS 0.236957 US-AZNM 0.320322 US-CAMX 0.195037 US-ERCT 0.334129 US-FRCC 0.355972
US-HIMS 0.514054 US-HIOA 0.679911 US-MROE 0.637280 US-MROW 0.420277 US-NEWE 0.246381 US-NWPP 0.288152
US-NYCW 0.392695 US-NYLI 0.539472 US-NYUP 0.110121 US-PRMS 0.702401 US-RFCE 0.271779 US-RFCM 0.442696
US-RFCW 0.415515 US-RMPA 0.472888 US-SPNO 0.393600 US-SPSO 0.397151 US-SRMV 0.336448 US-SRMW 0.566347
US-SRSO 0.383742 US-SRTV 0.409733 US-SRVC 0.270489
"""
"""Subregions of the United States 2023: EPA eGRID2023 rev 2, total output rate in lb/MWh x 0.45359237 / 1000.
[kg CO2e/kWh]"""

COUNTRIES = {
    2021: """
GF 218 GP 500 MQ 523 RE 573
""",
    2022: """
AE 561 AF 133 AG 611 AL 24 AM 265 AO 175 AS 611 AW 561 AZ 671 BB 606 BF 468 BH 905 BI 250 BJ 584 BM 651 BN 894
BS 660 BT 23 BW 848 BY 442 BZ 226 CD 24 CF 0 CG 700 CI 394 CK 250 CM 305 CU 638 CV 558 DJ 692 DM 529 DO 581
DZ 635 ER 632 ET 25 FJ 288 FK 500 FO 405 GA 492 GD 640 GH 484 GI 600 GL 179 GM 667 GN 237 GQ 592 GT 328 GU 623
GW 625 GY 640 HK 699 HN 282 HT 567 ID 676 IL 583 IQ 689 IS 28 JM 556 JO 541 KG 147 KH 418 KI 667 KM 643 KN 636
KP 390 KY 643 LA 266 LB 599 LC 667 LK 510 LR 228 LS 20 LY 819 MG 436 ML 408 MO 449 MR 465 MS 1000 MU 632 MV 612
MW 67 MY 606 MZ 136 NA 59 NC 661 NE 671 NI 265 NP 24 NR 750 PA 162 PF 443 PG 507 PM 600 PR 679 PS 516 RW 316
SA 707 SB 700 SC 565 SD 263 SH 1000 SL 50 SN 512 SO 579 SR 349 SS 629 ST 643 SY 702 SZ 172 TC 654 TD 629 TG 443
TJ 117 TL 667 TM 1306 TO 625 TT 682 TZ 339 UA 260 UG 45 UZ 1168 VC 529 VE 186 VG 647 VI 632 VU 571 WS 474 YE 566
ZM 112 ZW 298
""",
    2023: """
AR 354 AT 111 AU 549 BA 600 BD 691 BE 138 BG 335 BO 532 BR 98 CA 170 CH 35 CL 291 CN 582 CO 260 CR 53 CY 534
CZ 450 DE 381 DK 152 EC 150 EE 417 EG 570 ES 174 FI 79 FR 56 GB 238 GE 168 GR 337 HR 205 HU 204 IE 291 IN 713
IR 655 IT 331 JP 485 KE 70 KR 431 KW 649 KZ 821 LT 160 LU 105 LV 123 MA 630 MD 643 ME 417 MK 565 MM 399 MN 775
MT 459 MX 507 NG 523 NL 268 NO 30 NZ 113 OM 565 PE 266 PH 611 PK 441 PL 662 PT 166 PY 24 QA 602 RO 241 RS 636
RU 441 SE 41 SG 471 SI 231 SK 117 SV 271 TH 550 TN 564 TR 465 TW 642 US 369 UY 129 VN 475 ZA 708
""",
}
"""Other countries by ISO 3166 code and year of the figure: mean intensity of generation, as codecarbon (MIT) ships it.
[g CO2e/kWh]"""


def region_factors() -> dict[str, float]:
    """Give the one factor of each region that has no table of years. [kg/kWh]"""
    words = US_EGRID.split()
    factors = dict(zip(words[::2], map(float, words[1::2]), strict=True))
    for text in COUNTRIES.values():
        words = text.split()
        factors |= {name: float(grams) / 1000 for name, grams in zip(words[::2], words[1::2], strict=True)}
    return factors | IN_MARGINS
