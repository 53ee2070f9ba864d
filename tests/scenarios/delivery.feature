Feature: Shipping and delivery
  Shipped on waybills, delivered on the carrier's word, installed where there is an installer, confirmed by the buyer.

  @W18 @W19 @W21 @G3.5
  Scenario: From the warehouse to the buyer's word
    Given goods A at 10,000 won
    And the buyer orders 2 A, paying 20,000 won by card
    And the seller readies the order for shipping
    When the seller ships the order without a waybill
    Then line 1 is SHIPPED and READY
    And the start of line 1 has no date
    When the seller registers waybill 100 for 2 of line 1
    Then line 1 is SHIPPED and IN_TRANSIT
    And the start of line 1 has a date
    And the delivery of line 1 has no date
    When the carrier delivers the order
    Then line 1 is SHIPPED and DELIVERED
    And the delivery of line 1 has a date
    And the carrier's own delivery of line 1 has a date
    And the revenue of line 1 is of the moment of delivery
    When the buyer confirms the purchase
    Then the order is PURCHASE_CONFIRMED
    When the buyer gives line 1 5 stars
    Then the reviews are:
      | line | stars |
      | 1    | 5     |
    When the buyer gives line 1 4 stars, but is refused because already_exists
    Then the order is PURCHASE_CONFIRMED

  @G3.5 @W19
  Scenario: Revenue counts on the next business day, where policy says so
    Given revenue counts on business days, and these are holidays
    And goods A at 10,000 won
    And the buyer orders 1 A, paying 10,000 won by card
    And the seller readies the order for shipping
    And the seller ships 1 of line 1 by waybill 100
    When the carrier delivers the order
    Then the revenue of line 1 is of the next business day

  @W18 @WX
  Scenario: Nothing ships before it is procured, nor twice
    Given goods A at 10,000 won
    And the buyer orders 1 A, paying 10,000 won by card
    When the seller ships the order without a waybill, but is refused because illegal_transition
    And the seller prepares the order
    And the seller ships the order without a waybill, but is refused because illegal_transition
    And the seller uses own stock for line 1
    And the seller ships the order without a waybill, but is refused because illegal_transition
    Then the refusal names status PROCUREMENT_CHECK
    When the seller completes procurement
    And the seller ships 1 of line 1 by waybill 100
    And the seller ships the order without a waybill, but is refused because illegal_transition
    Then the refusal names status SHIPPED
    And the refusal names command ship

  @G3.7 @W18 @W19
  Scenario: Several waybills, and the line is delivered when all of it has come
    Given goods A at 1,000 won
    And the buyer orders 5 A, paying 5,000 won by card
    And the seller readies the order for shipping
    When the seller ships line 1 by waybills:
      | line | waybill | quantity |
      | 1    | 100     | 2        |
      | 1    | 200     | 1        |
    And the seller registers waybill 100 for 1 of line 1, but is refused because already_exists
    And the seller registers waybill 300 for 3 of line 1, but is refused because quantity_exceeded
    Then the refusal names available 2
    When the seller registers waybill 300 for 1 of line 1
    And the carrier delivers waybill 100
    Then line 1 is SHIPPED and IN_TRANSIT
    And the lines are:
      | line | delivered |
      | 1    | 2         |
    And the delivery of line 1 has no date
    When the buyer confirms the purchase, but is refused because illegal_transition
    And the seller changes waybill 300 to 2 of line 1
    And the seller changes waybill 100 to 1 of line 1, but is refused because illegal_transition
    And the seller changes waybill 400 to 1 of line 1, but is refused because unknown_waybill
    And the carrier delivers the order
    Then line 1 is SHIPPED and DELIVERED
    And the lines are:
      | line | delivered |
      | 1    | 5         |
    And the waybills are:
      | line | waybill | quantity | changed | delivered |
      | 1    | 100     | 2        | no      | yes       |
      | 1    | 200     | 1        | no      | yes       |
      | 1    | 300     | 2        | yes     | yes       |
    When the carrier delivers waybill 100, but is refused because illegal_transition
    Then line 1 is SHIPPED and DELIVERED

  @G3.7 @G4.return
  Scenario: Units that were cancelled or returned before shipping are not waited for
    Given goods A at 1,000 won
    And the buyer orders 5 A, paying 5,000 won by card
    And the seller finds 4 of line 1
    And the seller readies the order for shipping
    And the buyer asks to return 1 of line 1 because of a change of mind
    And the seller approves return 1
    When the seller ships 3 of line 1 by waybill 100
    And the seller registers waybill 200 for 1 of line 1, but is refused because quantity_exceeded
    And the carrier delivers the order
    Then line 1 is SHIPPED and DELIVERED
    And the lines are:
      | ordered | cancelled | returned | delivered |
      | 5       | 1         | 1        | 3         |

  @G3.6 @G4.points @W19
  Scenario: Forced delivery, from the seller's trick to the buyer's money
    Given the goods:
      | goods | price  | points |
      | A     | 10,000 | 5%     |
    And the buyer orders 2 A, paying 20,000 won by card
    And the seller readies the order for shipping
    And the seller sends the order on its way without a waybill
    Then line 1 is SHIPPED and IN_TRANSIT
    When the buyer cancels line 1, but is refused because illegal_transition
    And the carrier delivers the order, but is refused because unknown_waybill
    And the carrier forces the delivery because "it came", but is refused because forbidden
    And the operator forces the delivery without a reason, but is refused because invalid
    And the operator forces the delivery because "never sent, the buyer wants out"
    Then line 1 is SHIPPED and DELIVERED
    And the delivery of line 1 has a date
    And the carrier's own delivery of line 1 has no date
    And the audit entries are:
      | kind            | actor      | reason                          |
      | FORCED_DELIVERY | operator:o | never sent, the buyer wants out |
    When the seller asks to return 1 of line 1 because of a late delivery
    And the seller approves return 1, refunded before collection
    Then the audit entries are:
      | kind            | actor      | reason                          |
      | FORCED_DELIVERY | operator:o | never sent, the buyer wants out |
      | EARLY_REFUND    | seller:p-1 |                                 |
    When the payment side confirms refund 1
    Then the card has 10,000 won refundable, nothing planned, nothing excluded and 10,000 won refunded
    When the seller collects return 1
    And the seller completes return 1
    And the buyer confirms the purchase
    Then the order is PURCHASE_CONFIRMED
    And there are no points

  @W19 @W21 @W13
  Scenario: Delivered by the installer, then installed, in that order
    Given partner i-1 is an installer
    And goods A at 900,000 won
    And the goods:
      | goods   | price  | holder |
      | fitting | 50,000 | i-1    |
    And the buyer orders 1 A, paying 900,000 won by card
    And the seller prepares the order
    And the seller assigns installer i-1 to line 1 as fitting
    And the seller procures the order from own stock
    And the seller ships 1 of line 1 by waybill 100
    When the installer installs line 1, but is refused because illegal_transition
    And the carrier delivers the order
    And the buyer confirms the purchase, but is refused because illegal_transition
    And the installer installs line 1, but is refused because illegal_transition
    And the installer hands over line 1
    Then line 1 is SHIPPED and DELIVERED_BY_INSTALLER
    When the buyer confirms the purchase, but is refused because illegal_transition
    And the installer installs line 1
    Then line 1 is SHIPPED and INSTALLED
    When the installer hands over line 1, but is refused because illegal_transition
    And the buyer confirms the purchase
    Then the order is PURCHASE_CONFIRMED

  @W19 @WX
  Scenario: A line without an installation order is not installed
    Given goods A at 10,000 won
    And the buyer orders 1 A, paying 10,000 won by card
    And the seller readies the order for shipping
    And the seller ships 1 of line 1 by waybill 100
    When the installer hands over line 1, but is refused because illegal_transition
    And the installer installs line 1, but is refused because illegal_transition
    And the installer cannot install line 1, but is refused because illegal_transition
    Then line 1 is SHIPPED and IN_TRANSIT

  @W20 @Q1 @G5.8
  Scenario: An installation that is impossible is a return, approved, without a fee
    Given partner i-1 is an installer
    And the goods:
      | goods   | price   | shipping | holder |
      | aircon  | 900,000 | 30,000   |        |
      | fitting | 50,000  |          | i-1    |
    And the buyer orders 1 aircon, paying 930,000 won by card
    And the seller prepares the order
    And the seller assigns installer i-1 to line 1 as fitting
    And the seller procures the order from own stock
    And the seller ships 1 of line 1 by waybill 100
    And the carrier delivers the order
    When the installer cannot install line 1
    Then the order is RETURNING
    And the returns are:
      | group | line | quantity | state    | reason                  | fault        | withheld |
      | 1     | 1    | 1        | APPROVED | INSTALLATION_IMPOSSIBLE | INSTALLATION | 0        |
    And the fees are:
      | kind   | amount | reason              | given back |
      | ORDER  | 30,000 | CHARGED             | 30,000     |
      | RETURN | 0      | INSTALLATION_FAILED | 0          |
    And the card has nothing refundable, 930,000 won planned, nothing excluded and nothing refunded
    When the buyer withdraws return 1, but is refused because illegal_transition
    And the seller collects return 1
    And the seller completes return 1
    And the payment side confirms refund 1
    Then the order is RETURNED
    And aircon has 10 on hand, 0 held and 1 sold

  @W20 @W21 @WX
  Scenario: What is installed is not impossible
    Given partner i-1 is an installer
    And goods A at 900,000 won
    And the goods:
      | goods   | price  | holder |
      | fitting | 50,000 | i-1    |
    And the buyer orders 1 A, paying 900,000 won by card
    And the seller prepares the order
    And the seller assigns installer i-1 to line 1 as fitting
    And the seller procures the order from own stock
    And the seller ships the order without a waybill
    And the installer hands over line 1
    And the installer installs line 1
    When the installer cannot install line 1, but is refused because illegal_transition
    Then line 1 is SHIPPED and INSTALLED

  @W21 @WX
  Scenario: A purchase that is confirmed is over
    Given goods A at 10,000 won
    And the buyer orders 1 A and 1 A, paying 20,000 won by card
    And the seller readies the order for shipping
    And the seller ships 1 of line 1 and 1 of line 2 by waybill 100
    When the buyer confirms the purchase, but is refused because illegal_transition
    And the carrier delivers line 1
    And the buyer gives line 1 5 stars, but is refused because illegal_transition
    And the buyer confirms the purchase of line 2, but is refused because illegal_transition
    And the buyer confirms the purchase
    Then line 1 is PURCHASE_CONFIRMED
    And line 2 is SHIPPED
    And the order is SHIPPED
    When the buyer asks to return 1 of line 1 because of a change of mind, but is refused because illegal_transition
    And the buyer asks to exchange 1 of line 1 because of a defect, but is refused because illegal_transition
    And the seller confirms the purchase, but is refused because forbidden
    Then line 1 is PURCHASE_CONFIRMED

  @W18 @W19 @W21 @G4.points
  Scenario: What goes by the seller's own van is delivered without force, and earns its points
    Given the goods:
      | goods | price  | points |
      | A     | 10,000 | 5%     |
    And the buyer orders 1 A, paying 10,000 won by card
    And the seller readies the order for shipping
    When the seller ships the order by own
    And the seller registers waybill 100 for 1 of line 1, but is refused because invalid
    And the carrier delivers the order
    Then line 1 is SHIPPED and DELIVERED
    And the carrier's own delivery of line 1 has no date
    When the buyer confirms the purchase
    Then the points are:
      | kind   | amount |
      | EARNED | 500    |

  @W19 @W22
  Scenario: The carrier's word is kept while a claim is open
    Given goods A at 10,000 won
    And the buyer orders 1 A, paying 10,000 won by card
    And the seller readies the order for shipping
    And the seller ships 1 of line 1 by waybill 100
    When the buyer asks to return 1 of line 1 because of a change of mind
    And the carrier delivers waybill 100
    And the buyer withdraws return 1
    Then line 1 is SHIPPED and DELIVERED
    When the buyer confirms the purchase
    Then the order is PURCHASE_CONFIRMED
